int ccsi_placeholder(void);
